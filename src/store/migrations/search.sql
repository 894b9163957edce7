-- Which parts of the index there are: each has a table of its own, as in search_part.sql, for the
-- words of the messages among so many entries.
CREATE TABLE parts (id INTEGER PRIMARY KEY) STRICT;

-- When some of the entries were stored: leads from a time to where one must look.
CREATE TABLE times (
    at    INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    PRIMARY KEY (at, entry)
) STRICT, WITHOUT ROWID;

-- How far the index follows the log and its amendments.
CREATE TABLE state (
    entry   INTEGER NOT NULL,
    amended INTEGER NOT NULL
) STRICT;
INSERT INTO state VALUES (0, 0);
