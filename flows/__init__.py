"""What happens, in order. A file is a flow, and its name is the flow's verb.

No file here may share its stem with a top-level package or a module of the standard library: Prefect loads a flow by
its path and leaves this folder first on ``sys.path``.
"""
