"""Running what nobody trusts behind walls that are proved, not assumed.

Pure: what is asked of a sandbox, its levels and layers, the attempts to get out that it
must stop, and the report that says which it stopped. Sandboxes themselves are in
`fairlead.remote.sandbox`.
"""
