"""What tests measured, and which seeds they drew: shown at the end of the run, whether they passed or failed."""

from typing import Final

import pytest

from tests.faults.measuring import Measured, line

MEASURED: Final = "measured"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    figures = [
        told
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, told in report.user_properties
        if name == MEASURED
    ]
    if figures:
        terminalreporter.section("measured")
        terminalreporter.write_line("\n".join(map(str, figures)))


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measured:
    def note(**figures: object) -> None:
        request.node.user_properties.append((MEASURED, line(request.node.name, figures)))

    return note
