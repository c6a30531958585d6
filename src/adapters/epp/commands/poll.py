"""The queue of messages (RFC 5730 §2.9.2.3)."""

from adapters.epp.commands.frames import Command, Draft


def poll_request() -> Command:
    """The oldest message, which stays. Answer: `Polled` with code 1301; 1300 when there is none."""

    def build(cl_trid: str, _extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        draft.poll.request()
        return draft.text()

    return Command("poll-request", build)


def poll_ack(message_id: str) -> Command:
    """Take a message off the queue."""

    def build(cl_trid: str, _extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        draft.poll.ack(message_id)
        return draft.text()

    return Command("poll-ack", build, transform=True)
