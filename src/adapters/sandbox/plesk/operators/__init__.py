"""One module for each operator of the XML API, or for a part of a large one."""
