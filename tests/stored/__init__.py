"""Files of the formats of a released version, and what they answered then. They are never written again; new ones join them."""
