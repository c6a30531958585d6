"""The contracts: which messages may come in, which events go out, and what each may contain.

Storefronts publish CloudEvents 1.0 in JSON (structured mode). `envelope.decode` turns bytes into a typed `Message` or
says precisely what is wrong; `events` builds what goes out; `catalogue` lists every type.
"""
