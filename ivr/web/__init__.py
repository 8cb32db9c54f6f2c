"""The pages for staff and the API live here: views, templates, static files and translations.

A view parses, calls one function of a lower package and renders; rules do not live here.
"""
