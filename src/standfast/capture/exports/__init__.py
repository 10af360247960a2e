"""Takes in what a service or a program gave out as files: mail, contacts, calendars. A module a form."""
