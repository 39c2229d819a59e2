"""`report.html` of a study and `index.html` of a results folder: single files without requests, under a strict content policy.

Python decides what is shown (tables as columns, charts as layers of numbers, text); `page.js` only draws, sorts and filters.
"""
