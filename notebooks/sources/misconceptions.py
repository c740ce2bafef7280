# %% [markdown] slideshow={"slide_type": "slide"}
# # Misconceptions
#
# **What everybody knows about e-mail authentication, and what an experiment says to it**
#
# Each sentence in quotation marks was found in a forum, a help page or a product. Below it stands what the lesson's
# experiment showed, and a link to the cell that shows it. Before you read on, say *true* or *false*.

# %% [markdown] slideshow={"slide_type": "slide"}
# [[misconceptions]]

# %% [markdown] slideshow={"slide_type": "skip"}
# Not convinced? Run the cell, change what you doubt, and run it again.
