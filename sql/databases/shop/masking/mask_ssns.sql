-- mask_ssns.sql
UPDATE users SET ssn = CONCAT('XXX-XX-', RIGHT(ssn, 4));
UPDATE users SET email = CONCAT('user_', id, '@example.dev');
UPDATE users SET phone = '555-000-0000';
