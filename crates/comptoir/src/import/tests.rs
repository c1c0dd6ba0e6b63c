mod coupons;
mod dirty;
mod files;
mod folder;
mod sample;
