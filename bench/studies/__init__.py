"""Built-in studies: a question and a comprehension over cells each; `bench.study.STUDIES` lists them."""
