"""From files of rows to files of answers, compared with pandas, pyarrow and the original model."""
