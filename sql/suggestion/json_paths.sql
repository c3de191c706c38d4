-- Paths to texts and numbers in sampled JSON values, six steps deep, the commonest first. Only names that look like
-- names are followed: what else serves as one may be a value.
-- Reads sampled (number, document jsonb). Result: number, path (text[], '[*]' for every element), type; at most 60 a
-- column.
WITH RECURSIVE nodes (number, path, value) AS (
    SELECT number, ARRAY[]::text[], document FROM sampled
    UNION ALL
    SELECT nodes.number, nodes.path || child.step, child.value
    FROM nodes
    CROSS JOIN LATERAL (
        SELECT key, value FROM jsonb_each(CASE jsonb_typeof(nodes.value) WHEN 'object' THEN nodes.value ELSE '{}' END)
        WHERE key ~ '^[A-Za-z_][A-Za-z0-9_-]{0,62}$'
        UNION ALL
        SELECT '[*]', value
        FROM jsonb_array_elements(CASE jsonb_typeof(nodes.value) WHEN 'array' THEN nodes.value ELSE '[]' END)
    ) AS child (step, value)
    WHERE cardinality(nodes.path) < 6
)
SELECT number, path, type
FROM (
    SELECT number, path, jsonb_typeof(value) AS type,
           row_number() OVER (PARTITION BY number ORDER BY count(*) DESC, path) AS place
    FROM nodes
    WHERE path <> '{}' AND jsonb_typeof(value) IN ('string', 'number')
    GROUP BY number, path, jsonb_typeof(value)
) AS ranked
WHERE place <= 60
ORDER BY number, place
