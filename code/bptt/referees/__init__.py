"""Second opinions: the same models in torch and SymPy, which know no gradient formula of ours."""
