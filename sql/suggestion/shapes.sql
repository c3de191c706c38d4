-- The shapes of sampled values, counted in the server: no value leaves it.
-- Reads (number, value): a column's number and one of its values as text, NULL left out.
-- $1, $2: common first and last names in lower case, as text[].
-- Result: one row per number; each share_* is between 0 and 1.
SELECT
    number,
    count(*) AS values,
    count(DISTINCT md5(value)) AS distinct,
    avg(length(value))::float8 AS average_length,
    avg(words)::float8 AS average_words,
    avg((value ~ '^\s*[^@\s<>"'',;]+@[^@\s<>"'',;]+\.[A-Za-z]{2,}\s*$')::integer)::float8 AS share_email,
    avg((value ~ '[^@\s<>"'',;:/]+@[^@\s<>"'',;]+\.[A-Za-z]{2,}')::integer)::float8 AS share_holds_email,
    avg((digits BETWEEN 7 AND 15 AND value ~ '^\s*(\+|00)?[0-9()][0-9 ().\-/]{5,22}(\s*(x|ext\.?)\s*[0-9]{1,5})?\s*$'
        AND value ~ '[ ()+/.-]' AND value !~ '^\d{4}-\d{1,2}-\d{1,2}|^\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|^-?\d+\.\d+$'
        AND value !~ '^\d{3}-\d{2}-\d{4}$')::integer)::float8 AS share_phone,
    avg((value ~ '^\d{10,12}$')::integer)::float8 AS share_phone_digits,
    avg((digits >= 10)::integer)::float8 AS share_ten_digits,
    avg((digits >= 8)::integer)::float8 AS share_eight_digits,
    avg((value ~ '[(+]\d{1,4}[) .-]*\d{2,4}[ .-]?\d{3,4}|\m\d{3}[.-]\d{3}[.-]\d{4}\M')::integer)::float8
        AS share_holds_phone,
    avg((value ~ '^\d{3}-\d{2}-\d{4}$')::integer)::float8 AS share_ssn,
    avg((value ~ '^(3[47]\d{2}|4\d{3}|5[1-5]\d{2}|6(011|5\d{2})|2[2-7]\d{2})[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,7}$')::integer)::float8
        AS share_card,
    avg((value ~ '^[A-Z]{2}\d{2} ?[A-Z0-9]{4}( ?[A-Z0-9]{2,4}){2,7}$')::integer)::float8 AS share_iban,
    avg((value ~ '^(\d{1,3}\.){3}\d{1,3}(/\d{1,2})?$' OR value ~* '^[0-9a-f]{0,4}(:[0-9a-f]{0,4}){2,7}(/\d{1,3})?$')::integer)::float8
        AS share_ip,
    avg((value ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$')::integer)::float8 AS share_uuid,
    avg((value ~* '^[0-9a-f]{24,128}$')::integer)::float8 AS share_hex,
    avg((value ~ '^(\$2[abxy]?\$|\$argon2|\$[156]\$|\$pbkdf2|pbkdf2_|scrypt:|\$P\$|\{SSHA)')::integer)::float8
        AS share_password_hash,
    avg((value ~ '^(sk|pk|rk|ghp|gho|xox[bap]|AKIA|eyJ|whsec|api|key|tok)[-_A-Za-z0-9.]{14,}$')::integer)::float8
        AS share_token,
    avg((value ~ '^[-_A-Za-z0-9+/=.]{20,}$' AND value ~ '\d' AND value ~ '[A-Za-z]')::integer)::float8 AS share_opaque,
    avg((value ~* '^(https?|ftp)://|^www\.')::integer)::float8 AS share_url,
    avg((value ~ '^-?\d+([.,]\d+)?$')::integer)::float8 AS share_number,
    avg((value ~ '^\d{4}-\d{2}-\d{2}|^\d{1,2}[./-]\d{1,2}[./-]\d{4}')::integer)::float8 AS share_date,
    avg((value ~ '^(\d{5}(-\d{4})?|[A-Za-z]{1,2}\d[A-Za-z0-9]? ?\d[A-Za-z]{2}|[A-Za-z]\d[A-Za-z] ?\d[A-Za-z]\d|\d{2}-\d{3}|\d{3} ?\d{2}|\d{5}-\d{3}|\d{4} ?[A-Z]{2}|\d{3}-\d{4})$')::integer)::float8
        AS share_postcode,
    avg((words BETWEEN 2 AND 7 AND value ~ '\d' AND (
        value ~* '\m(street|st|avenue|ave|road|rd|lane|ln|drive|dr|way|boulevard|blvd|court|ct|place|parkway|pkwy|square|terrace|suite|apt|rue|calle|via|viale|plaza|avenida|rua|chemin|allee|weg|platz|gasse|gata|vej|ulica|ul)\M'
        OR value ~* '(stra(ß|ss)e|str\.|weg|platz|allee|gasse|gatan?|vej|vei|straat|laan)\M'))::integer)::float8 AS share_street,
    avg((words BETWEEN 2 AND 6 AND value ~ '^\d{1,5}[A-Za-z]?,? +[[:alpha:]]|^[[:alpha:]][[:alpha:] .''-]+ \d{1,4} ?[A-Za-z]?$')::integer)::float8
        AS share_numbered,
    avg((words = 1 AND lower(trimmed) = ANY ($1))::integer)::float8 AS share_first_name,
    avg((words = 1 AND lower(trimmed) = ANY ($2))::integer)::float8 AS share_last_name,
    avg((words BETWEEN 2 AND 4 AND (lower(split_part(replace(trimmed, ',', ''), ' ', 1)) = ANY ($1)
        OR lower(split_part(trimmed, ' ', 2)) = ANY ($1) AND trimmed ~ '^[^ ]+,'))::integer)::float8 AS share_full_name,
    avg((words > 4 AND EXISTS (
        SELECT FROM regexp_split_to_table(lower(left(trimmed, 400)), '[^[:alpha:]]+') AS word
        WHERE length(word) > 3 AND word = ANY ($1)))::integer)::float8 AS share_holds_name,
    avg((value ~ '^[[:upper:]][[:alpha:]''-]+$')::integer)::float8 AS share_capital_word,
    avg((words < 5 AND value ~ '^[[:upper:]][[:alpha:] .''-]*$')::integer)::float8 AS share_place,
    -- Bytes come in PostgreSQL's escape format: JPEG, PNG, GIF, BMP, RIFF (WebP); and those that are text throughout.
    avg((value ~ '^(\\377\\330\\377|\\211PNG|GIF8|BM|RIFF)')::integer)::float8 AS share_image,
    avg((value !~ '\\[0-7]{3}')::integer)::float8 AS share_readable
FROM (
    SELECT
        number,
        value,
        btrim(value) AS trimmed,
        cardinality(regexp_split_to_array(btrim(value), '\s+')) AS words,
        length(regexp_replace(value, '[^0-9]', '', 'g')) AS digits
    FROM sampled
    WHERE value <> ''
) AS shaped
GROUP BY number
ORDER BY number
