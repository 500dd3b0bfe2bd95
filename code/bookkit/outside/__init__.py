"""What other sites are told of this one."""
