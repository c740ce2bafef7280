"""The reports in data/reports/: what receivers saw of fujiba.net, as a table and written in each form."""
