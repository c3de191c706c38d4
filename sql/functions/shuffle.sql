-- Values of shuffled columns, each at the row that gets it: the keyed hash of what tells the row from others.
CREATE TABLE refresh_mask.shuffled (
    place text  NOT NULL,
    mac   bytea NOT NULL,
    value text  NOT NULL,
    PRIMARY KEY (place, mac)
);

-- What a row's value becomes: another row's, where the plan has made the map. NULL and '' stay.
CREATE FUNCTION refresh_mask.shuffle(own text, subject text, place text, domain text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    found_value text;
BEGIN
    IF own IS NULL OR own = '' OR pg_catalog.current_setting('refresh_mask.mapped_' || domain, true) <> 'on' THEN
        RETURN own;
    END IF;
    SELECT s.value INTO STRICT found_value FROM refresh_mask.shuffled s
     WHERE s.place = shuffle.place AND s.mac = refresh_mask.mac(subject, domain);
    RETURN found_value;
END
$$;
