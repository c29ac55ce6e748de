"""What every page of the console is made of; no door itself.

``skin`` is the only module that names django-unfold, ``site`` is the mounted admin site, ``pages`` the base
class of its pages, ``forms`` the base class of their forms, ``headers`` what browsers may do with a page.
"""
