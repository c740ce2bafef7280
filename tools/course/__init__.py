"""What makes the lessons one course: their order, the ways between them, times, index and glossary.

source      a lesson's text file in notebooks/sources, in the percent format
cell        a cell that the source itself has
made cell   a cell, or a part of one, that follows from other lessons: navigation, contents, index
page        a notebook that is no lesson and has no number: talk, glossary, misconceptions
"""
