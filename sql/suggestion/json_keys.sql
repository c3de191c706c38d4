-- Names of keys in sampled JSON values, three levels deep, the commonest first.
-- Reads sampled (number, document jsonb). Result: number, key; at most 100 a column.
WITH RECURSIVE nodes (number, key, value, depth) AS (
    SELECT number, NULL::text, document, 0 FROM sampled
    UNION ALL
    SELECT nodes.number, child.key, child.value, nodes.depth + 1
    FROM nodes
    CROSS JOIN LATERAL (
        SELECT key, value FROM jsonb_each(CASE jsonb_typeof(nodes.value) WHEN 'object' THEN nodes.value ELSE '{}' END)
        UNION ALL
        SELECT NULL, value
        FROM jsonb_array_elements(CASE jsonb_typeof(nodes.value) WHEN 'array' THEN nodes.value ELSE '[]' END)
    ) AS child
    WHERE nodes.depth < 4
)
SELECT number, key
FROM (
    SELECT number, key, row_number() OVER (PARTITION BY number ORDER BY count(*) DESC, key) AS place
    FROM nodes
    WHERE key IS NOT NULL AND length(key) < 64
    GROUP BY number, key
) AS ranked
WHERE place <= 100
ORDER BY number, place
