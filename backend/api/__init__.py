"""The HTTP face: Flask app, auth, routers, schemas. Rights are checked in every handler."""
