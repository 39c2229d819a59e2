"""Built-in studies: a question and a comprehension over cells each; `bench.catalogue.STUDIES` lists them."""
