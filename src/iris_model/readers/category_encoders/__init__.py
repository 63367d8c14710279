"""Converters for category_encoders. All its encoders replace a cell by numbers, by the cell alone."""
