"""What somebody needs who has lost an address: whom to tell, what was subscribed to, what hangs on the address."""
