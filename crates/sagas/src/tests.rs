//! All processes together, over a shop in memory: what their hands do to orders, money, parcels and stock.

mod additions;
mod bank;
mod buying;
mod counter;
mod holding;
mod invoicing;
mod journeys;
mod lines;
mod notices;
mod parcels;
mod parts;
mod post;
mod returning;
mod tasks;
mod undoing;
