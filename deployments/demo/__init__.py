"""A refresh on this machine: a look-alike of production on local AWS, and a driver that shows the run."""
