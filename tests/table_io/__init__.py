"""Files of rows to files of answers, against pandas, pyarrow and the original model."""
