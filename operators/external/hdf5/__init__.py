"""Arrays of HDF5 files, MATLAB's v7.3 and netCDF-4 among them. The only folder that imports h5py."""
