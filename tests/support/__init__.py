"""Parts that the tests of several packages use: real peers, and fakes with their own tests."""
