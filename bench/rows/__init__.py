"""The measures, a file for each subject; every file is imported and registers its own."""
