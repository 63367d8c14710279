"""Parts that several rooms' tests start: real peers, and fakes that have tests of their own."""
