"""What nothing personal may get past: shapes and raw values in what masking keeps. Pure: bytes in, numbers out."""
