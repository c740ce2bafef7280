"""Speed against other libraries, each measured in the same run on the same data."""
