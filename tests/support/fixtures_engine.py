"""Lets pytest explain the assertions of the engine's scenarios, which stand outside test modules."""

import pytest

pytest.register_assert_rewrite("tests.support.engine")
