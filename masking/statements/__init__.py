"""The plan as SQL: what prepares, carries out, tries and checks a pass. Composed here, run by ``tasks.postgres``."""
