"""HTTP: the API for programs, pages for people, feeds."""
