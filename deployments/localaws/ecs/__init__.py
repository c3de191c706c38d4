"""ECS on this machine: a task's containers are local processes.

``actions`` hooks into moto, ``plans`` decides what a container gets, ``tasks`` takes a task through its statuses,
``containers`` starts and ends processes.
"""
