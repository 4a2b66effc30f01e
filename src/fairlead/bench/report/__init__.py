"""The report of an assessment: one content, as a page and on paper.

`content` says what is told, `pictures` what is drawn, `page` and `paper` write it.
"""
