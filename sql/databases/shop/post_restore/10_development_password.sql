-- Everyone's password is "development" (bcrypt): the masked hashes open nothing.
UPDATE public.users SET password_hash = '$2a$10$o5g5adpwZQyrBmnBqiHQTufRIEhIfPr63v/qriEDUaXGv9qbu1XR2';
