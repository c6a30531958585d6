"""`provisioner demo`: a handful of orders go through the whole product, before your eyes."""

import shlex
import sys
from contextlib import closing
from typing import Final

import click

from provisioner.console.display import Display, display_for
from provisioner.console.exits import Exit
from provisioner.console.installation import Demo
from provisioner.console.progress import Course
from provisioner.console.samples import Story, stories
from provisioner.console.session import Session, pass_session
from provisioner.console.stopping import wait_for_stop
from provisioner.kernel.clock import Clock

LOOK_EVERY_SECONDS: Final = 0.2
LONGEST_SECONDS: Final = 90


@click.command()
@click.option("--keep", is_flag=True, help="Leave the stack running until Ctrl-C, and say what to try.")
@click.option(
    "--seconds", type=click.IntRange(1), default=LONGEST_SECONDS, show_default=True, help="Wait at most so long."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
@pass_session
def demo(session: Session, *, keep: bool, seconds: int, as_json: bool) -> None:
    """Show the whole product: no server, no root, no configuration.

    Starts an embedded stack with simulated vendors, sends it orders, some of which meet a fault, and tells what
    happened to each, step by step. Exits with 0 when every order has ended as it should.
    """
    installation, display = session.installation, display_for(as_json=as_json)
    with closing(display), installation.demo() as running:
        good = play(running, stories(installation.ids), display, clock=installation.clock, seconds=seconds)
        display.end(closing_words(running, good=good, keep=keep), good=good)
        if keep:
            wait_for_stop()
    sys.exit(Exit.OK if good else Exit.REFUSED)


def play(demo: Demo, told: list[Story], display: Display, *, clock: Clock, seconds: float) -> bool:
    """Send the orders and show their course, then each order's timeline; whether all ended as they should."""
    course = Course(demo, told)
    course.begin()
    progress = course.look()
    display.begin(demo, progress)
    deadline = clock.monotonic() + seconds
    while not all(each.ended for each in progress) and clock.monotonic() < deadline:
        display.show(progress)
        clock.sleep(LOOK_EVERY_SECONDS)
        progress = course.look()
    display.show(progress)
    for story in told:
        _tell(course, story, display)
    return not course.refusals and all(each.as_expected for each in progress)


def closing_words(demo: Demo, *, good: bool, keep: bool) -> str:
    """How it went, and what to try next."""
    went = "Every order ended as it should." if good else "Not every order ended as it should; see above."
    if not keep:
        return f"{went} Try next: provisioner demo --keep, or read docs/tutorial/first-order.md."
    variables = "\n".join(f"  export {name}={shlex.quote(value)}" for name, value in demo.environment.items())
    commands = "\n".join(
        f"  provisioner {each}"
        for each in ("orders list", "orders show demo-2 --exchanges", "certificates list", "servers list", "doctor")
    )
    return f"{went}\nThe stack stays up until Ctrl-C. In another terminal:\n{variables}\n{commands}"


def _tell(course: Course, story: Story, display: Display) -> None:
    details = course.details(story)
    if details is not None:
        display.tell(details.order, details.operations, details.ending)
