"""A registrar account over EPP (RFC 5730 to 5734): the registrar port."""
