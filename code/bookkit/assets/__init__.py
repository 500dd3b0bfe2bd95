"""What the site carries in ``_static``: fonts, colours, and what comes from npm."""
