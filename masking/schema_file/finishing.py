"""What PostgreSQL itself adds to partitions, and the tables as the catalogue has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from masking.catalogue import Check, Column, Index, Table, TableName
from masking.schema_file.drafts import DraftIndex, DraftTable, column, trigger
from masking.schema_file.naming import made_name
from masking.schema_file.types import ColumnType

#: Since then the copies that partitions have of a trigger aren't internal: ``pg_trigger.tgisinternal``.
_TRIGGERS_OF_PARTITIONS_SHOW = 150000
#: Since then partitions share their parent's identity columns.
_IDENTITY_IS_SHARED = 170000


class Finishing:
    """All tables, once the whole file was read. ``attached``: each attached index with that of the parent."""

    def __init__(
        self,
        tables: Mapping[TableName, DraftTable],
        composites: Mapping[TableName, DraftTable],
        attached: Mapping[TableName, TableName],
        server_version_num: int,
    ) -> None:
        self._tables = tables
        self._types = {**composites, **tables}
        self._attached = attached
        self._version = server_version_num or _IDENTITY_IS_SHARED
        self._partitions: dict[TableName, list[DraftTable]] = {}
        for table in tables.values():
            if table.partition_of is not None:
                self._partitions.setdefault(table.partition_of, []).append(table)

    def tables(self) -> Iterator[Table]:
        """The tables in the catalogue's order."""
        for table in self._tables.values():
            if table.partition_of is None:
                self._hand_down(table)
        for name in sorted(self._tables):
            yield self._built(self._tables[name])

    def _hand_down(self, table: DraftTable) -> None:
        for partition in self._partitions.get(table.id, ()):
            for key in table.foreign_keys.values():
                if not any(
                    (own.columns, own.referenced) == (key.columns, key.referenced)
                    for own in partition.foreign_keys.values()
                ):
                    name = key.name
                    if name in partition.constraint_names:
                        name = made_name(
                            partition.name, "_".join(key.columns), "fkey", partition.constraint_names
                        )
                    partition.foreign_keys[name] = replace(key, name=name)
            if self._version >= _IDENTITY_IS_SHARED:
                for name, shared in table.columns.items():
                    partition.columns[name].identity |= shared.identity
            triggers = table.triggers.values() if self._version >= _TRIGGERS_OF_PARTITIONS_SHOW else ()
            for found in triggers:
                if found.per_row and found.name not in partition.triggers:
                    partition.triggers[found.name] = found
                    partition.trigger_states.setdefault(found.name, table.trigger_states.get(found.name, "O"))
            for index in table.indexes.values():
                whole = TableName(schema=table.schema, name=index.name)
                if not index.only and not any(self._parts(partition, whole)):
                    self._copy_index(partition, index)
            self._hand_down(partition)

    def _parts(self, partition: DraftTable, whole: TableName) -> Iterator[DraftIndex]:
        """The indexes of a partition that are part of one of its parent's."""
        for index in partition.indexes.values():
            if self._attached.get(TableName(schema=partition.schema, name=index.name)) == whole:
                yield index

    def _copy_index(self, partition: DraftTable, index: DraftIndex) -> None:
        if partition.kind == "f":
            return
        label = "pkey" if index.primary else "key" if index.unique else "idx"
        words = "" if index.primary else "_".join(name or "expr" for name in index.key_columns)
        name = made_name(partition.name, words, label, partition.constraint_names)
        partition.indexes[name] = replace(index, name=name)

    def _is_valid(self, table: DraftTable, index: DraftIndex) -> bool:
        """Whether every partition has its part of an index that was made for the partitioned table only."""
        if not index.only or table.kind != "p":
            return True
        whole = TableName(schema=table.schema, name=index.name)
        return all(
            any(self._is_valid(partition, part) for part in self._parts(partition, whole))
            for partition in self._partitions.get(table.id, ())
            if partition.kind != "f"
        )

    def _built(self, table: DraftTable) -> Table:
        keys = self._partition_keys(table)
        return Table(
            schema=table.schema,
            name=table.name,
            kind=table.kind,
            owner=table.owner,
            partition_of=table.partition_of,
            inherits=tuple(table.inherits),
            columns=tuple(
                column(
                    found, position, partition_key=found.name in keys, attributes=self._attributes(found.type)
                )
                for position, found in enumerate(table.columns.values(), start=1)
            ),
            indexes=tuple(
                _index(index) for _, index in sorted(table.indexes.items()) if self._is_valid(table, index)
            ),
            foreign_keys=tuple(key for _, key in sorted(table.foreign_keys.items())),
            checks=tuple(sorted(_checks(table), key=lambda check: check.name)),
            triggers=tuple(trigger(table, found) for _, found in sorted(table.triggers.items())),
            rules=tuple(sorted(table.rules.items())),
            row_security=table.row_security,
            row_security_forced=table.row_security_forced,
            comment=table.comment,
        )

    def _attributes(self, type_: ColumnType) -> tuple[Column, ...]:
        """Of a composite type, or of the type of a table's rows."""
        if type_.composite is None:
            return ()
        found = self._types.get(TableName(schema=type_.composite[0], name=type_.composite[1]))
        if found is None:  # dropped since
            return ()
        return tuple(
            column(one, position, partition_key=False, attributes=self._attributes(one.type))
            for position, one in enumerate(found.columns.values(), start=1)
        )

    def _partition_keys(self, table: DraftTable) -> frozenset[str]:
        """Columns of the partition keys of a table, of those that it is part of, and of its own partitions."""
        found = table.partition_key.union(*(one.partition_key for one in self._below(table)))
        above = table
        while above.partition_of is not None and above.partition_of in self._tables:
            above = self._tables[above.partition_of]
            found |= above.partition_key
        return found

    def _below(self, table: DraftTable) -> Iterator[DraftTable]:
        for partition in self._partitions.get(table.id, ()):
            yield partition
            yield from self._below(partition)


def _index(draft: DraftIndex) -> Index:
    expressions = [key for key, name in zip(draft.keys, draft.key_columns, strict=True) if name is None]
    return Index(
        name=draft.name,
        unique=draft.unique,
        primary=draft.primary,
        exclusion=draft.exclusion,
        columns=tuple(sorted(draft.columns)),
        key_columns=draft.key_columns,
        keys=draft.keys,
        expression=", ".join(expressions) or None,
        predicate=draft.predicate,
        nulls_not_distinct=draft.nulls_not_distinct,
    )


def _checks(table: DraftTable) -> Iterator[Check]:
    for check in table.checks.values():
        yield Check(
            name=check.name,
            columns=check.columns,
            expression=check.expression,
            validated=check.validated,
        )
    for found in table.columns.values():
        domain = found.type.domain
        for own in domain.checks if domain is not None else ():
            yield Check(
                name=own.name,
                columns=(found.name,),
                expression=own.expression,
                validated=own.validated,
                domain=f"{domain.schema}.{domain.name}" if domain is not None else None,
            )
