-- How mail accounts last fared: the installation's, and each agency's own.
CREATE TABLE mail_health (
    account   text    NOT NULL PRIMARY KEY,
    ok_at     bigint ,
    failed_at bigint ,
    problem   text
);
