"""OneRoster 1.2 as CSV files: what a package must look like, and what is wrong with one.

After "1EdTech OneRoster: CSV Binding 1.2.1". Nothing here reads a file or a database.
"""
