"""What a sweep shows and leaves: result files, log lines, the progress bar."""
