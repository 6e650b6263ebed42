"""What the backend torch is made of: operators, the graph, torch's compilers."""
