"""Tables, figures and HTML: the only place that knows pandas, matplotlib and ipywidgets."""
