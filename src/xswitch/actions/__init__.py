"""The use cases of xswitch, and the ports they need. Adapters do all I/O."""
