"""Who released a file, and that it is unchanged: keys, signatures, C2PA credentials, trust.

Nothing here knows what a release is; `satdesk.release` decides what is signed and what a finding
means. The packages that it needs are the extra ``satdesk[sign]``.
"""
